"""What starts runs: run requests, schedules, sensors."""
