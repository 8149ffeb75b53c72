"""The registry of movables and rights (动产融资统一登记公示系统): what it is asked, and a simulated one."""
