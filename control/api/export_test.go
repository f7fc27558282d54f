package api

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/meridian-gtm/meridian/traffic"
)

// MergePatch is for its test.
var MergePatch = mergePatch

// Kinds are the paths of all kinds.
func Kinds() (out []string) {
	for _, k := range kinds {
		out = append(out, k.path)
	}
	return out
}

// Decoder reads bodies as the routes do, and gives the stored form.
func Decoder() func(path string, body []byte) ([]byte, error) {
	s := &server{mux: http.NewServeMux(), inputs: map[traffic.Kind]*huma.Schema{}, doc: &huma.OpenAPI{Components: &huma.Components{Schemas: newRegistry()}}}
	for _, k := range kinds {
		s.objectRoutes(k)
	}
	return func(path string, body []byte) ([]byte, error) {
		k, _ := kindBy(path)
		o, err := s.object(k, body, nil)
		if err != nil {
			return nil, err
		}
		return traffic.Encode(o), nil
	}
}

// StatusOf is the status that an error is answered with.
func StatusOf(err error) int {
	p, _ := problemOf(err)
	return p.Status
}
