"""Writers of annotation formats: what a model found, as annotation tools and the readers of this package read it."""
