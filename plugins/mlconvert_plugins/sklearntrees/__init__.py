"""scikit-learn's tree models, as forests: each class by name, and nothing that is not known exactly."""
