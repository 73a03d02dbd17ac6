"""Payroll deductions: tell payroll what to take, and read what it took."""
