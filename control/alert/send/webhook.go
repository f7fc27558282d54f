package send

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// Headers of a webhook request. The signature is "v1=" and the hexadecimal HMAC-SHA256,
// under the channel's secret, of the timestamp, a dot and the body.
const (
	HeaderTimestamp = "X-Meridian-Timestamp"
	HeaderSignature = "X-Meridian-Signature"
	HeaderDelivery  = "X-Meridian-Delivery"
)

// Signature is what stands in HeaderSignature.
func Signature(secret, timestamp string, body []byte) string {
	return "v1=" + hex.EncodeToString(mac(secret, timestamp+"."+string(body)))
}

func mac(key, text string) []byte {
	h := hmac.New(sha256.New, []byte(key))
	h.Write([]byte(text))
	return h.Sum(nil)
}

func (s *Sender) webhook(ctx context.Context, c *Channel, m *Message) (string, error) {
	body, err := json.Marshal(struct {
		Version string `json:"version"`
		Channel string `json:"channel"`
		*Message
	}{"meridian/v1", c.Name, m})
	if err != nil {
		return "", fmt.Errorf("encode message: %w", err)
	}
	head := http.Header{HeaderDelivery: {m.ID}, "Idempotency-Key": {m.ID}}
	if c.Secret != "" {
		now := strconv.FormatInt(time.Now().Unix(), 10)
		head[HeaderTimestamp], head[HeaderSignature] = []string{now}, []string{Signature(c.Secret, now, body)}
	}
	status, answer, after, err := s.post(ctx, c, c.URL, body, head)
	if err != nil {
		return "", err
	}
	if status < 200 || status > 299 {
		return "", refused(status, answer, after)
	}
	return fmt.Sprintf("status %d: %s", status, answer), nil
}
