package dnswire

// RR and query types that the server itself treats specially; all others are
// carried as opaque numbers (RFC 3597).
const (
	TypeA      uint16 = 1
	TypeNS     uint16 = 2
	TypeCNAME  uint16 = 5
	TypeSOA    uint16 = 6
	TypePTR    uint16 = 12
	TypeHINFO  uint16 = 13
	TypeMX     uint16 = 15
	TypeTXT    uint16 = 16
	TypeAAAA   uint16 = 28
	TypeSRV    uint16 = 33
	TypeDNAME  uint16 = 39
	TypeOPT    uint16 = 41
	TypeDS     uint16 = 43
	TypeRRSIG  uint16 = 46
	TypeNSEC   uint16 = 47
	TypeNSEC3  uint16 = 50
	TypeNXNAME uint16 = 128
	TypeTKEY   uint16 = 249
	TypeTSIG   uint16 = 250
	TypeIXFR   uint16 = 251
	TypeAXFR   uint16 = 252
	TypeMAILB  uint16 = 253
	TypeMAILA  uint16 = 254
	TypeANY    uint16 = 255
)

// Classes.
const (
	ClassIN  uint16 = 1
	ClassCH  uint16 = 3
	ClassANY uint16 = 255
)

// Rcode is a response code including the EDNS extension bits (RFC 6891 §6.1.3).
type Rcode uint16

// Response codes that the server sends, and Silence, which is not a code but
// the order to send nothing.
const (
	NoError  Rcode = 0
	FormErr  Rcode = 1
	ServFail Rcode = 2
	NXDomain Rcode = 3
	NotImp   Rcode = 4
	Refused  Rcode = 5
	YXDomain Rcode = 6
	BadVers  Rcode = 16

	Silence Rcode = 0xFFFF
)

// Sizes in octets.
const (
	HeaderLen  = 12
	MaxName    = 255   // RFC 1035 §3.1, the root label included
	MaxLabels  = 127   // labels of a MaxName name, the root label left out
	MinUDP     = 512   // RFC 1035 §4.2.1; smaller EDNS sizes mean this (RFC 6891 §6.2.3)
	DefaultUDP = 1232  // fits an IPv6 minimum MTU packet, so it is never fragmented (RFC 9715)
	MaxMessage = 65535 // the TCP length field
)

// header flag bits of the second 16-bit word (RFC 1035 §4.1.1).
const (
	flagQR = 1 << 15
	flagAA = 1 << 10
	flagTC = 1 << 9
	flagRD = 1 << 8

	opcodeMask = 0xF << 11
)

// edns option code and OPT flag.
const (
	optionECS = 8
	flagDO    = 1 << 15
)
