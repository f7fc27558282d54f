package backup

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/meridian-gtm/meridian/traffic"
)

// format is the version of what package doc says. A reader takes no higher one.
const format = 1

// Header says what a backup is of.
type Header struct {
	Format  int       `json:"meridian_backup"`
	Release string    `json:"release"` // program that wrote it
	Schema  int64     `json:"schema"`  // number of the newest migration
	Made    time.Time `json:"made"`
	// Installation is when the store of the first life was made, in microseconds since
	// 1970: backups and stores with the same one have one origin.
	Installation int64            `json:"installation"`
	Position     traffic.Position `json:"position"`
}

// Table begins the rows of a table.
type Table struct {
	Name    string   `json:"table"`
	Columns []string `json:"columns"`
}

// Row holds a value for each column of its table: nil, int64, string or []byte.
type Row []any

type trailer struct {
	Rows   int64  `json:"rows"`
	SHA256 string `json:"sha256"`
}

type blob struct {
	B string `json:"b"`
}

func (r Row) encode() ([]byte, error) {
	out := make([]any, len(r))
	for i, v := range r {
		switch v := v.(type) {
		case nil, int64:
			out[i] = v
		case string:
			if !utf8.ValidString(v) {
				return nil, fmt.Errorf("column %d holds text that is not UTF-8", i+1)
			}
			out[i] = v
		case []byte:
			out[i] = blob{base64.StdEncoding.EncodeToString(v)}
		default:
			return nil, fmt.Errorf("column %d holds a %T, which a backup has no form for", i+1, v)
		}
	}
	return json.Marshal(out)
}

// strict decodes one JSON value with known fields and nothing behind it.
func strict(line []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		return err
	}
	if d.InputOffset() != int64(len(line)) {
		return fmt.Errorf("more than one value in a line")
	}
	return nil
}

// canonical refuses a line that would be written otherwise.
func canonical(line []byte, v any) error {
	b, err := json.Marshal(v)
	if err == nil && !bytes.Equal(b, line) {
		err = fmt.Errorf("a line that no writer writes")
	}
	return err
}

func decodeRow(line []byte) (Row, error) {
	var list []any
	if err := strict(line, &list); err != nil {
		return nil, err
	}
	out := make(Row, len(list))
	for i, v := range list {
		switch v := v.(type) {
		case nil:
		case string:
			out[i] = v
		case json.Number:
			n, err := v.Int64()
			if err != nil {
				return nil, err
			}
			out[i] = n
		case map[string]any:
			text, ok := v["b"].(string)
			b, err := base64.StdEncoding.DecodeString(text)
			if !ok || err != nil {
				return nil, fmt.Errorf("column %d is no value", i+1)
			}
			out[i] = b
		default:
			return nil, fmt.Errorf("column %d is no value", i+1)
		}
	}
	again, err := out.encode()
	if err == nil && !bytes.Equal(again, line) {
		err = fmt.Errorf("a line that no writer writes")
	}
	return out, err
}
