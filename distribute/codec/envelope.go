package codec

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/meridian-gtm/meridian/traffic"
)

// Kind says what an envelope holds.
type Kind uint8

// The kinds.
const (
	// Revision holds the change set that leads to its position.
	Revision Kind = 1
	// Snapshot holds the whole configuration at its position.
	Snapshot Kind = 2
)

func (k Kind) String() string {
	switch k {
	case Revision:
		return "revision"
	case Snapshot:
		return "snapshot"
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// Errors on which a reader takes another path.
var (
	// ErrVersion is an envelope of a major version that this release cannot read: keep
	// what is there and ask for an upgrade.
	ErrVersion = errors.New("written by a newer release than this one can read")
	// ErrDamaged is content that is not what was sealed: ask for it again.
	ErrDamaged = errors.New("damaged")
	// ErrSignature is content that no trusted key has signed: keep what is there and
	// alarm.
	ErrSignature = errors.New("not signed by a trusted key")
)

const (
	magic = "MRDN"
	major = 1
	minor = 0

	// prefixLen is magic, major, minor, kind, compression and the length of the rest
	// of the signed header.
	prefixLen = 4 + 1 + 1 + 1 + 1 + 2
	// fieldsLen is epoch, revision, chain, time, raw size, payload size, payload hash
	// and key id, as written by minor version 0.
	fieldsLen = 8 + 8 + 32 + 8 + 8 + 8 + 32 + 8
	// headLen is everything before the data at minor version 0.
	headLen = prefixLen + fieldsLen + ed25519.SignatureSize + 4 + 4

	// PartSize is the most payload one part carries, in bytes. The default limit of a
	// NATS message is 1 MiB, header included; half of it leaves room for servers that
	// an operator has set lower, and keeps one part from holding up a slow link.
	PartSize = 512 << 10
	// MaxPayload caps the compressed, MaxRaw the decompressed content, in bytes. A
	// million access domains take about 300 MB raw and a tenth of it compressed.
	MaxPayload = 256 << 20
	MaxRaw     = 1 << 30

	plain      = 0
	compressed = 1
)

// Sealed is one whole revision or snapshot with its signed header.
type Sealed struct {
	Kind     Kind
	Position traffic.Position
	// At is the committing machine's wall clock, in UTC and microseconds. For people
	// only: no decision compares it with another clock (design 5.6).
	At time.Time

	header  []byte // magic to key id, as signed
	sig     []byte
	payload []byte
	info    info
}

// info is the part of the signed header that only this package needs.
type info struct {
	compression uint8
	rawSize     uint64
	payloadSize uint64
	payloadHash [sha256.Size]byte
	keyID       KeyID
}

// Seal compresses raw, the encoded changes, and signs it at its position. It fails
// only when raw or its compressed form is larger than the caps.
func Seal(kind Kind, pos traffic.Position, at time.Time, raw []byte, key ed25519.PrivateKey) (*Sealed, error) {
	if len(raw) > MaxRaw {
		return nil, fmt.Errorf("seal %s %s: %d bytes are more than the limit of %d", kind, pos, len(raw), MaxRaw)
	}
	s := &Sealed{Kind: kind, Position: pos, At: time.UnixMicro(at.UnixMicro()).UTC()}
	s.info = info{compression: plain, rawSize: uint64(len(raw)), keyID: IDOf(key.Public().(ed25519.PublicKey))}
	s.payload = raw
	if packed := compress(raw); len(packed) < len(raw) {
		s.payload, s.info.compression = packed, compressed
	} else {
		s.payload = bytes.Clone(raw) // the caller's buffer stays the caller's
	}
	if len(s.payload) > MaxPayload {
		return nil, fmt.Errorf("seal %s %s: %d compressed bytes are more than the limit of %d", kind, pos, len(s.payload), MaxPayload)
	}
	s.info.payloadSize = uint64(len(s.payload))
	s.info.payloadHash = sha256.Sum256(s.payload)
	s.header = appendHeader(nil, s)
	s.sig = ed25519.Sign(key, signed(s.header))
	return s, nil
}

// Content gives back what was sealed. It fails with ErrDamaged when the payload is
// not the one that was signed.
func (s *Sealed) Content() ([]byte, error) {
	if uint64(len(s.payload)) != s.info.payloadSize || sha256.Sum256(s.payload) != s.info.payloadHash {
		return nil, fmt.Errorf("open %s %s: payload: %w", s.Kind, s.Position, ErrDamaged)
	}
	if s.info.compression == plain {
		return s.payload, nil
	}
	raw, err := decompress(s.payload, s.info.rawSize)
	if err != nil {
		return nil, fmt.Errorf("open %s %s: %w: %w", s.Kind, s.Position, ErrDamaged, err)
	}
	return raw, nil
}

// Size is the number of payload bytes that travel.
func (s *Sealed) Size() int { return int(s.info.payloadSize) }

// Set names the envelope: equal names mean equal parts. Its position is in it, so
// that equal content at another position does not take this one's place while it is
// read. It is safe in a NATS subject.
func (s *Sealed) Set() string {
	h := sha256.Sum256(s.header)
	return fmt.Sprintf("%x", h[:12])
}

// Count is the number of parts that Parts gives, at least 1.
func (s *Sealed) Count() int { return count(s.info.payloadSize) }

func count(size uint64) int { return max(1, int((size+PartSize-1)/PartSize)) }

// Parts cuts the envelope into messages of at most PartSize payload bytes. Each
// carries the whole signed header, so that a receiver can refuse a forged one
// before it keeps any of it.
func (s *Sealed) Parts() [][]byte {
	out := make([][]byte, s.Count())
	for i := range out {
		data := s.payload[i*PartSize : min((i+1)*PartSize, len(s.payload))]
		out[i] = s.appendTo(make([]byte, 0, headLen+len(data)), i, len(out), data)
	}
	return out
}

// Head is the signed header alone: it says what there is to fetch. ReadHead reads it.
func (s *Sealed) Head() []byte { return s.appendTo(nil, s.Count(), s.Count(), nil) }

// File is the envelope in one piece, however large. Open reads it.
func (s *Sealed) File() []byte { return s.appendTo(nil, 0, 1, s.payload) }

func (s *Sealed) appendTo(dst []byte, part, parts int, data []byte) []byte {
	dst = append(dst, s.header...)
	dst = append(dst, s.sig...)
	dst = binary.BigEndian.AppendUint32(dst, uint32(part))
	dst = binary.BigEndian.AppendUint32(dst, uint32(parts))
	return append(dst, data...)
}

func appendHeader(dst []byte, s *Sealed) []byte {
	dst = append(dst, magic...)
	dst = append(dst, major, minor, byte(s.Kind), s.info.compression)
	dst = binary.BigEndian.AppendUint16(dst, fieldsLen)
	dst = binary.BigEndian.AppendUint64(dst, s.Position.Epoch)
	dst = binary.BigEndian.AppendUint64(dst, s.Position.Revision)
	dst = append(dst, s.Position.Chain[:]...)
	dst = binary.BigEndian.AppendUint64(dst, uint64(s.At.UnixMicro()))
	dst = binary.BigEndian.AppendUint64(dst, s.info.rawSize)
	dst = binary.BigEndian.AppendUint64(dst, s.info.payloadSize)
	dst = append(dst, s.info.payloadHash[:]...)
	return append(dst, s.info.keyID[:]...)
}

// signed is what the signature covers. The context string keeps a signature made
// for anything else from passing here. Part number and count stay outside: they are
// transport, and a wrong one shows as a wrong payload hash.
func signed(header []byte) []byte {
	return append([]byte("meridian/envelope\n"), header...)
}

// decode reads one message: header, signature, part number, count, data. It trusts
// nothing and takes no memory beyond b.
func decode(b []byte) (s *Sealed, part, parts int, data []byte, err error) {
	fail := func(what string) (*Sealed, int, int, []byte, error) {
		return nil, 0, 0, nil, fmt.Errorf("read envelope: %s: %w", what, ErrDamaged)
	}
	if len(b) < prefixLen || string(b[:4]) != magic {
		return fail("no envelope")
	}
	if b[4] != major {
		return nil, 0, 0, nil, fmt.Errorf("read envelope: version %d: %w", b[4], ErrVersion)
	}
	rest := int(binary.BigEndian.Uint16(b[8:]))
	if rest < fieldsLen || len(b) < prefixLen+rest+ed25519.SignatureSize+8 {
		return fail("header is cut short")
	}
	s = &Sealed{Kind: Kind(b[6]), header: b[:prefixLen+rest]}
	s.info.compression = b[7]
	if s.Kind != Revision && s.Kind != Snapshot {
		return nil, 0, 0, nil, fmt.Errorf("read envelope: %s: %w", s.Kind, ErrVersion)
	}
	if s.info.compression > compressed {
		return nil, 0, 0, nil, fmt.Errorf("read envelope: compression %d: %w", b[7], ErrVersion)
	}
	f := b[prefixLen:]
	u64 := func() uint64 { v := binary.BigEndian.Uint64(f); f = f[8:]; return v }
	s.Position.Epoch, s.Position.Revision = u64(), u64()
	f = f[copy(s.Position.Chain[:], f):]
	s.At = time.UnixMicro(int64(u64())).UTC()
	s.info.rawSize, s.info.payloadSize = u64(), u64()
	f = f[copy(s.info.payloadHash[:], f):]
	copy(s.info.keyID[:], f)
	if s.info.rawSize > MaxRaw || s.info.payloadSize > MaxPayload {
		return fail("size is beyond the limit")
	}
	if s.info.compression == plain && s.info.rawSize != s.info.payloadSize {
		return fail("sizes disagree")
	}
	b = b[prefixLen+rest:]
	s.sig, b = b[:ed25519.SignatureSize], b[ed25519.SignatureSize:]
	part, parts = int(binary.BigEndian.Uint32(b)), int(binary.BigEndian.Uint32(b[4:]))
	return s, part, parts, b[8:], nil
}

// ReadHead reads what Head wrote and checks its signature.
func ReadHead(b []byte, keys *Keys) (*Sealed, error) {
	s, part, parts, data, err := decode(bytes.Clone(b))
	if err != nil {
		return nil, err
	}
	if part != s.Count() || parts != s.Count() || len(data) != 0 {
		return nil, fmt.Errorf("read head of %s %s: %w", s.Kind, s.Position, ErrDamaged)
	}
	return s, keys.verify(s)
}

// Open reads what File wrote, checks its signature and that it is whole.
func Open(b []byte, keys *Keys) (*Sealed, error) {
	s, part, parts, data, err := decode(b)
	if err != nil {
		return nil, err
	}
	if err := keys.verify(s); err != nil {
		return nil, err
	}
	if part != 0 || parts != 1 || uint64(len(data)) != s.info.payloadSize {
		return nil, fmt.Errorf("open %s %s: %w", s.Kind, s.Position, ErrDamaged)
	}
	s.payload = data
	if sha256.Sum256(data) != s.info.payloadHash {
		return nil, fmt.Errorf("open %s %s: payload: %w", s.Kind, s.Position, ErrDamaged)
	}
	return s, nil
}

// SignedBy reports whether the envelope names a key as its signer. Verify says whether
// that is so.
func (s *Sealed) SignedBy(pub ed25519.PublicKey) bool { return s.info.keyID == IDOf(pub) }
