package oidc

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"
)

// pending is a sign-in on its way, as the browser's cookie carries it.
type pending struct {
	State    string    `json:"s"`
	Nonce    string    `json:"n"`
	Verifier string    `json:"v"` // PKCE (RFC 7636)
	Ends     time.Time `json:"e"`
}

// pendingTime is how long a person may take at the provider.
const pendingTime = 10 * time.Minute

// seal encrypts and authenticates: the browser can neither read nor make one.
func seal(key []byte, p pending) (string, error) {
	b, err := json.Marshal(p)
	if err != nil {
		return "", fmt.Errorf("seal sign-in: %w", err)
	}
	a, err := box(key)
	if err != nil {
		return "", err
	}
	nonce := make([]byte, a.NonceSize())
	rand.Read(nonce)
	return base64.RawURLEncoding.EncodeToString(a.Seal(nonce, nonce, b, nil)), nil
}

// open reports false for whatever this installation did not seal.
func open(key []byte, text string) (p pending, ok bool) {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return p, false
	}
	a, err := box(key)
	if err != nil || len(b) < a.NonceSize() {
		return p, false
	}
	if b, err = a.Open(nil, b[:a.NonceSize()], b[a.NonceSize():], nil); err != nil {
		return p, false
	}
	return p, json.Unmarshal(b, &p) == nil
}

func box(key []byte) (cipher.AEAD, error) {
	sum := sha256.Sum256(append([]byte("meridian oidc sign-in\x00"), key...))
	block, err := aes.NewCipher(sum[:])
	if err != nil {
		return nil, fmt.Errorf("seal sign-in: %w", err)
	}
	return cipher.NewGCM(block)
}
