// Package file reads and writes the declarative form of the configuration: YAML
// files with apiVersion meridian/v1.
//
// Load reads files and folders into a Set of normalized objects with their
// defaults. It is strict: a field that does not exist, a value of the wrong type, a
// key or an object that stands twice is an error with file, line, column and the
// path of the field, and nothing is returned but all the errors together. Load
// holds the form only; whether objects are legal and fit each other is the matter
// of traffic.Draft, whose findings Set.Locate puts at their lines.
//
// The fields are those of the structs in package traffic, found by reflection over
// their json tags, so there is no second description to keep true. Input is bounded
// in bytes, depth and expanded aliases: a hostile file is an error, not a full memory.
//
// Write is the inverse: Load(Write(objects)) gives equal objects.
package file
