"""What is told live and kept nowhere else: posted as it comes, kept while the server is away."""
