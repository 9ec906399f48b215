"""What passes between buyers and sellers."""
