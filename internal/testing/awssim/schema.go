package awssim

import (
	"fmt"
	"time"
)

// kind is the shape of a property's value.
type kind int

const (
	text     kind = iota // a string
	flag                 // a boolean
	whole                // a whole number
	number               // a number
	textMap              // strings by key
	textSet              // strings, order and repetition without meaning
	textList             // strings in order
	document             // a JSON text, compared by meaning
	block                // one object
	blocks               // objects, identified by their key field
)

// property describes one input of a resource type.
type property struct {
	kind     kind
	required bool
	// replaces: a change makes Pulumi replace the resource (ForceNew or RequiresReplace upstream).
	replaces bool
	// computed: the cloud chooses when the program does not, so leaving it out is no change.
	computed bool
	// fallback is the provider's default, used if the program does not set the property.
	fallback any
	// oneOf lists the only values a text may have.
	oneOf []string
	// valid returns an error if a known value is invalid.
	valid func(value any) error
	// hash is how the provider keeps a text in its state, when it does not keep it as given.
	hash func(string) string
	// fields are those of a block or of each of blocks.
	fields properties
	// key names the field that identifies a block.
	key string
}

type properties map[string]property

// entity is one thing that exists in the cloud.
type entity interface {
	// attributes are all properties as the provider would read them back.
	attributes(c *Cloud) values
}

// resourceType describes one type of resource: its properties, and the effects of creating, changing and deleting it.
type resourceType struct {
	// token is Pulumi's type token, title AWS's name for the type.
	token, title string
	// source names the upstream file that replaces and computed were taken from.
	source string
	// wait is the shortest time that the real provider takes to create one, as it was seen; 0 where nobody has looked.
	wait time.Duration
	// seen is the behavior of the real provider (terraform-provider-aws 5.100.0) that was tried, where it surprises.
	seen   string
	inputs properties
	// outputs names the properties that only the cloud sets.
	outputs []string
	// refused names inputs the SDK has and the model does not: they are errors, not silently accepted.
	refused []string
	// secret names outputs that are always secret.
	secret []string
	// tagged types have tags and tagsAll.
	tagged bool
	// autoname names the input that Pulumi fills from the resource's logical name; autonamed cleans the proposal.
	autoname  string
	autonamed func(string) string
	// check finds problems between properties. It must bear absent and unknown ones.
	check func(in values) []Problem
	// alsoReplaces names further properties whose change from old to new replaces the resource.
	alsoReplaces func(old, new values) []string

	create func(t *call) (id string, e entity, err error)
	update func(t *call, e entity) error
	delete func(t *call, e entity) error
}

// call is one operation on one resource, made while the cloud is locked.
type call struct {
	c *Cloud
	// name is the resource's logical name in the program: identifiers and addresses derive from it.
	name string
	// in are the checked inputs.
	in values
	// was are the resource's attributes before an update, state those that the engine last saw.
	was, state values
	// tags are the program's tags over the provider's default tags.
	tags, defaultTags map[string]string
	// notes are messages about the operation for the user.
	notes []string
}

func (t *call) note(format string, args ...any) {
	t.notes = append(t.notes, fmt.Sprintf(format, args...))
}

// changed reports whether an update brings a new value for the property.
func (t *call) changed(key string) bool {
	return t.in.has(key) && !same(t.in[key], t.was[key])
}

// define sets the behavior of a type with functions on its own entity type. A nil update means that only tags can change.
func define[E entity](rt resourceType, create func(*call) (string, E, error),
	update, remove func(*call, E) error,
) *resourceType {
	rt.create = func(t *call) (string, entity, error) {
		id, e, err := create(t)
		if err != nil {
			return "", nil, err
		}
		return id, e, nil
	}
	rt.update = func(t *call, e entity) error {
		if update == nil {
			return nil
		}
		return update(t, e.(E))
	}
	rt.delete = func(t *call, e entity) error { return remove(t, e.(E)) }
	if rt.tagged {
		rt.inputs["tags"] = property{kind: textMap, valid: validTags}
	}
	return &rt
}
