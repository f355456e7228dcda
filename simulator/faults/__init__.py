"""Networks that can be hurt: processes that die, disks, links and messages that fail, by name."""
