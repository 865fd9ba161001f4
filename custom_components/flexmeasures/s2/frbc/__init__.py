"""Fill rate based control: a storage that is filled and emptied by operation modes."""
