"""What a person calls: functions compiled for numbers and for rows, and their calls."""
