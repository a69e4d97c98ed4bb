"""What content is about: vectors, tags and the index over them."""
