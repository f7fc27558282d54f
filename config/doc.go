// Package config reads a node's own settings: its addresses, folders, roles and
// credentials, from a YAML file and the environment. What the installation answers
// is not here; that is configuration in the store.
//
// The types' comments are the reference of the node file. A field that does not
// exist is refused with its line. The environment goes above the file: MERIDIAN_DATA
// sets data, and a nested key is joined by two underscores, as in
// MERIDIAN_LOG__LEVEL. Lists are written with commas, labels as k=v,k=v. Variables
// that fit no field are left alone: orchestrators make such (MERIDIAN_PORT_…) for any
// service of this name.
package config
