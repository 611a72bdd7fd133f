"""How rows look on the wire: camelCase keys, numbers as numbers, times as the legacy pages print them."""
