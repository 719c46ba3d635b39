"""The portal: login by card, the child's handbook, image sharing. Start reading at ``factory``."""
