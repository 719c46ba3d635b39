"""The pages of the 母子健康手帳: checkups, measurements, growth."""
