"""The lake of Activities and Findings, and the casebook of Cases."""
