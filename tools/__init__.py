"""What makes workflows, pictures, help pages and translations. Not shipped."""
