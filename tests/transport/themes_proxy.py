from transport_support import WayTest
class Names(WayTest): pass
class Proxy(WayTest): pass
