"""What the portal is made of besides its own code: a bill of materials, and known weaknesses of what is locked."""
