"""What-if: past runs followed again through another definition, with everything outside answered from their ledgers."""
