"""How the product is packaged and run in production: the image's entry point, compose, the servers of each role."""
