"""The command line: `orchestrall COMMAND`. It sits on the client and knows nothing of the API besides."""
