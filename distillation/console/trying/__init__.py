"""Try it: a person asks a finished model and its teacher about pictures or texts of their own, and looks at both."""
