"""Images: drawn, downloaded or the user's own -> one store a data set; audit, augmentation."""
