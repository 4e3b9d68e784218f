"""What Gatehouse is compared with, each as its own documentation shows it, on the same requests."""
