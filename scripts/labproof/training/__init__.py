"""One cell and a store -> trained networks, histories and predictions, through any interruption."""
