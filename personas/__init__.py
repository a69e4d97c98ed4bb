"""Who a visitor is and where they stand. Pure: no clock, disk, network or environment."""
