package codec

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
)

// KeyID is the beginning of the SHA-256 of a public key: enough to find it among
// the few that a node trusts.
type KeyID [8]byte

// IDOf returns the id of a public key.
func IDOf(pub ed25519.PublicKey) KeyID {
	h := sha256.Sum256(pub)
	return KeyID(h[:8])
}

// FormatKey writes a public key for tokens and files; ParseKey reads it.
func FormatKey(pub ed25519.PublicKey) string { return base64.RawURLEncoding.EncodeToString(pub) }

// ParseKey reads what FormatKey wrote.
func ParseKey(s string) (ed25519.PublicKey, error) {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(b) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("%q is not an ed25519 public key in base64url", s)
	}
	return ed25519.PublicKey(b), nil
}

// Keys are the public keys that a node trusts. Safe for concurrent use.
type Keys struct {
	mu     sync.RWMutex // guards the fields below
	serial uint64
	list   []ed25519.PublicKey
	origin string // of the keys that the first of all these rotations replaced
}

// NewKeys trusts the given keys, of serial 0.
func NewKeys(list ...ed25519.PublicKey) *Keys {
	return &Keys{list: append([]ed25519.PublicKey(nil), list...)}
}

// NewKeysAt trusts the keys of a rotation.
func NewKeysAt(serial uint64, list ...ed25519.PublicKey) *Keys {
	k := NewKeys(list...)
	k.serial = serial
	h := sha256.New()
	fmt.Fprintf(h, "%d", serial)
	for _, pub := range list {
		h.Write(pub)
	}
	k.origin = hex.EncodeToString(h.Sum(nil)[:8])
	return k
}

// SameOrigin reports whether two sets began with the same keys, such as those of one
// join token. Sets that a release stored that did not note it are taken for such.
func (k *Keys) SameOrigin(o *Keys) bool {
	k.mu.RLock()
	a := k.origin
	k.mu.RUnlock()
	o.mu.RLock()
	defer o.mu.RUnlock()
	return a == "" || o.origin == "" || a == o.origin
}

// List returns the trusted keys.
func (k *Keys) List() []ed25519.PublicKey {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return append([]ed25519.PublicKey(nil), k.list...)
}

// Serial is the number of the last rotation taken, 0 before the first.
func (k *Keys) Serial() uint64 {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.serial
}

func (k *Keys) find(id KeyID) ed25519.PublicKey {
	k.mu.RLock()
	defer k.mu.RUnlock()
	for _, pub := range k.list {
		if IDOf(pub) == id {
			return pub
		}
	}
	return nil
}

func (k *Keys) verify(s *Sealed) error {
	pub := k.find(s.info.keyID)
	if pub == nil {
		return fmt.Errorf("check %s %s: key %x is unknown: %w", s.Kind, s.Position, s.info.keyID, ErrSignature)
	}
	if !ed25519.Verify(pub, signed(s.header), s.sig) {
		return fmt.Errorf("check %s %s: %w", s.Kind, s.Position, ErrSignature)
	}
	return nil
}

// Rotation replaces the trusted keys. It is signed by a key that was trusted before
// it, so a node that knows any one generation can follow all later ones in order.
type Rotation struct {
	V      int      `json:"v"`
	Serial uint64   `json:"serial"` // one more than that of the keys it replaces
	Keys   []string `json:"keys"`   // all that are trusted from now on, FormatKey form
}

type signedRotation struct {
	Rotation  json.RawMessage `json:"rotation"`
	Key       string          `json:"key"`
	Signature []byte          `json:"signature"`
}

const maxKeys = 16

// SealRotation signs a rotation with an old key.
func SealRotation(r Rotation, old ed25519.PrivateKey) []byte {
	r.V = 1
	body, err := json.Marshal(r)
	if err != nil {
		panic(fmt.Sprintf("encode rotation: %v", err)) // plain data always encodes
	}
	b, err := json.Marshal(signedRotation{body, FormatKey(old.Public().(ed25519.PublicKey)), ed25519.Sign(old, rotationText(body))})
	if err != nil {
		panic(fmt.Sprintf("encode rotation: %v", err))
	}
	return b
}

func rotationText(body []byte) []byte { return append([]byte("meridian/keys\n"), body...) }

// Rotate takes a sealed rotation. One that is already taken changes nothing; one
// that skips a serial is an error (fetch those between first), and one that no
// trusted key has signed is ErrSignature.
func (k *Keys) Rotate(b []byte) (changed bool, err error) {
	var s signedRotation
	var r Rotation
	if err := json.Unmarshal(b, &s); err != nil {
		return false, fmt.Errorf("read key rotation: %w: %w", ErrDamaged, err)
	}
	if err := json.Unmarshal(s.Rotation, &r); err != nil {
		return false, fmt.Errorf("read key rotation: %w: %w", ErrDamaged, err)
	}
	if r.V != 1 {
		return false, fmt.Errorf("read key rotation %d: version %d: %w", r.Serial, r.V, ErrVersion)
	}
	signer, err := ParseKey(s.Key)
	if err != nil {
		return false, fmt.Errorf("read key rotation %d: %w: %w", r.Serial, ErrDamaged, err)
	}
	if len(r.Keys) == 0 || len(r.Keys) > maxKeys {
		return false, fmt.Errorf("read key rotation %d: it has %d keys; 1 to %d are allowed", r.Serial, len(r.Keys), maxKeys)
	}
	list := make([]ed25519.PublicKey, len(r.Keys))
	for i, text := range r.Keys {
		if list[i], err = ParseKey(text); err != nil {
			return false, fmt.Errorf("read key rotation %d: %w: %w", r.Serial, ErrDamaged, err)
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if r.Serial <= k.serial {
		return false, nil
	}
	trusted := false
	for _, pub := range k.list {
		trusted = trusted || pub.Equal(signer)
	}
	if !trusted || !ed25519.Verify(signer, rotationText(s.Rotation), s.Signature) {
		return false, fmt.Errorf("take key rotation %d: %w", r.Serial, ErrSignature)
	}
	if r.Serial != k.serial+1 {
		return false, fmt.Errorf("take key rotation %d: the keys here are those of rotation %d", r.Serial, k.serial)
	}
	k.serial, k.list = r.Serial, list
	return true, nil
}

type keyFile struct {
	V      int      `json:"v"`
	Serial uint64   `json:"serial"`
	Keys   []string `json:"keys"`
	Origin string   `json:"origin,omitempty"`
}

// MarshalJSON writes the trusted keys for a node's disk.
func (k *Keys) MarshalJSON() ([]byte, error) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	f := keyFile{V: 1, Serial: k.serial, Origin: k.origin}
	for _, pub := range k.list {
		f.Keys = append(f.Keys, FormatKey(pub))
	}
	return json.Marshal(f)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (k *Keys) UnmarshalJSON(b []byte) error {
	var f keyFile
	if err := json.Unmarshal(b, &f); err != nil {
		return err
	}
	if f.V != 1 {
		return fmt.Errorf("key file version %d: %w", f.V, ErrVersion)
	}
	if len(f.Keys) == 0 {
		return errors.New("key file holds no key")
	}
	list := make([]ed25519.PublicKey, len(f.Keys))
	for i, text := range f.Keys {
		pub, err := ParseKey(text)
		if err != nil {
			return err
		}
		list[i] = pub
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.serial, k.list, k.origin = f.Serial, list, f.Origin
	return nil
}

// RotationKeys reads the keys that a sealed rotation of one's own brings in. It checks
// no signature.
func RotationKeys(b []byte) ([]ed25519.PublicKey, error) {
	var s signedRotation
	var r Rotation
	if err := json.Unmarshal(b, &s); err != nil {
		return nil, fmt.Errorf("read key rotation: %w: %w", ErrDamaged, err)
	}
	if err := json.Unmarshal(s.Rotation, &r); err != nil {
		return nil, fmt.Errorf("read key rotation: %w: %w", ErrDamaged, err)
	}
	if len(r.Keys) == 0 {
		return nil, fmt.Errorf("read key rotation %d: %w: it has no keys", r.Serial, ErrDamaged)
	}
	list := make([]ed25519.PublicKey, len(r.Keys))
	for i, text := range r.Keys {
		var err error
		if list[i], err = ParseKey(text); err != nil {
			return nil, fmt.Errorf("read key rotation %d: %w: %w", r.Serial, ErrDamaged, err)
		}
	}
	return list, nil
}
