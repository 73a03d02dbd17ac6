"""The templates of what patients read: their versions, who approved each, and what they look like."""
