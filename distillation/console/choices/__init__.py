"""What a person chooses for the console: saved views, columns, language and look. Nobody else is touched."""
