from transport_support import WayTest
class Http2(WayTest): pass
