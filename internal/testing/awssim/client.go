package awssim

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Client is one configured aws provider of a program. Its methods are the operations of a Pulumi provider, without the
// protocol: the gRPC provider and the mocks for unit tests are its two front ends.
type Client struct {
	cloud  *Cloud
	config providerConfig
}

// NewClient returns the client for a provider's inputs; nil is the default provider, without settings.
func (c *Cloud) NewClient(inputs resource.PropertyMap) (*Client, Problems) {
	config, found := c.readProviderConfig(fromPropertyMap(inputs))
	return &Client{cloud: c, config: config}, found
}

// Problem is one error in a resource's or a provider's inputs.
type Problem struct{ Property, Reason string }

// Problems are all errors in one set of inputs.
type Problems []Problem

// Err joins the problems into one error that lists all of them, or nil.
func (ps Problems) Err(subject string) error {
	var all []error
	for _, p := range ps {
		all = append(all, fmt.Errorf("%s: property %q: %s", subject, p.Property, p.Reason))
	}
	return errors.Join(all...)
}

// Check validates a resource's inputs and fills in names and defaults. Unknown values pass. Old inputs, if any, keep a
// generated name; the seed makes generated names differ between stacks.
func (cl *Client) Check(token, name string, inputs, old resource.PropertyMap, seed []byte) (resource.PropertyMap, Problems, error) {
	rt, err := typeOf(token)
	if err != nil {
		return nil, nil, err
	}
	in, found := rt.admit(name, fromPropertyMap(inputs), fromPropertyMap(old), seed)
	return overlay(in, inputs), found, nil
}

// overlay keeps a program's own values, with their secrets, and adds the defaults.
func overlay(filled values, own resource.PropertyMap) resource.PropertyMap {
	out := toPropertyMap(filled)
	for key, value := range own {
		if _, stays := out[key]; stays && value.ContainsSecrets() {
			out[key] = value
		}
	}
	return out
}

// Diff compares a resource's state with checked inputs. Changes at or below an ignored path are left out.
func (cl *Client) Diff(token string, state, inputs resource.PropertyMap, ignore []string) ([]Change, error) {
	rt, err := typeOf(token)
	if err != nil {
		return nil, err
	}
	old, in := fromPropertyMap(state), fromPropertyMap(inputs)
	changes := rt.diff(old, in)
	if rt.tagged {
		want := previewTags(cl.config.defaultTags, in)
		changes = append(changes, property{kind: textMap}.diff("tagsAll", old["tagsAll"], want)...)
	}
	return slices.DeleteFunc(changes, func(c Change) bool { return ignored(c.Path, ignore) }), nil
}

// Create makes a resource from checked inputs and returns its identifier and outputs.
func (cl *Client) Create(token, name string, inputs resource.PropertyMap) (string, resource.PropertyMap, error) {
	if cl.config.region == listRegion {
		return "", nil, fmt.Errorf("creating %s %s: the simulated AWS has the price list in %s, and nothing else", token, name, listRegion)
	}
	rt, err := typeOf(token)
	if err != nil {
		return "", nil, err
	}
	o, err := cl.cloud.create(rt, name, fromPropertyMap(inputs), cl.config.defaultTags)
	if err != nil {
		return "", nil, err
	}
	return o.id, rt.secretive(toPropertyMap(cl.cloud.outputs(o)), inputs), nil
}

// PreviewCreate returns the outputs that Create would, unknown where the cloud would choose. It changes nothing.
func (cl *Client) PreviewCreate(token string, inputs resource.PropertyMap) (resource.PropertyMap, error) {
	rt, err := typeOf(token)
	if err != nil {
		return nil, err
	}
	return rt.secretive(toPropertyMap(rt.previewed(fromPropertyMap(inputs), cl.config.defaultTags)), inputs), nil
}

// Read returns a resource's outputs and its inputs as the cloud has them now, given the inputs known so far (none for
// an import). A resource that does not exist has no outputs.
func (cl *Client) Read(token, id string, known resource.PropertyMap) (outputs, inputs resource.PropertyMap, err error) {
	rt, err := typeOf(token)
	if err != nil {
		return nil, nil, err
	}
	o := cl.cloud.find(rt, id)
	if o == nil {
		return nil, nil, nil
	}
	now := cl.cloud.outputs(o)
	outputs = rt.secretive(toPropertyMap(now), known)
	inputs = rt.secretive(toPropertyMap(rt.inputsFrom(now, fromPropertyMap(known))), known)
	return outputs, inputs, nil
}

// inputsFrom are a program's inputs as the cloud has them now: the given ones, brought up to date, or, for an import,
// all that are not empty.
func (rt *resourceType) inputsFrom(outputs, known values) values {
	out := values{}
	for name, p := range rt.inputs {
		value, exists := outputs[name]
		given, wasGiven := known[name]
		switch {
		case wasGiven && (!exists || len(p.diff(name, value, given)) == 0):
			out[name] = given
		case wasGiven || len(known) == 0 && !zero(value):
			out[name] = value
		}
	}
	return out
}

// Update changes a resource from its state to new checked inputs and returns its outputs and notes for the user. Ignored
// paths keep the values of the state. When it fails, nothing has changed.
func (cl *Client) Update(token, id string, state, inputs resource.PropertyMap, ignore []string) (resource.PropertyMap, []string, error) {
	rt, err := typeOf(token)
	if err != nil {
		return nil, nil, err
	}
	o, notes, err := cl.cloud.change(rt, id, fromPropertyMap(state), fromPropertyMap(inputs), cl.config.defaultTags, ignore)
	if err != nil {
		return nil, nil, err
	}
	return rt.secretive(toPropertyMap(cl.cloud.outputs(o)), inputs), notes, nil
}

// PreviewUpdate returns the outputs that Update would. It changes nothing.
func (cl *Client) PreviewUpdate(token string, state, inputs resource.PropertyMap) (resource.PropertyMap, error) {
	rt, err := typeOf(token)
	if err != nil {
		return nil, err
	}
	in, expected := fromPropertyMap(inputs), fromPropertyMap(state)
	maps.Copy(expected, in)
	if rt.tagged {
		expected["tagsAll"] = previewTags(cl.config.defaultTags, in)
	}
	return rt.secretive(toPropertyMap(expected), inputs), nil
}

// Delete removes a resource. Deleting one that does not exist is a no-op.
func (cl *Client) Delete(token, id string) error {
	rt, err := typeOf(token)
	if err != nil {
		return err
	}
	return cl.cloud.remove(rt, id)
}

// Invoke returns the result of a lookup. It is plain, also where the value is secret, as from the real provider: the
// program must mark it.
func (cl *Client) Invoke(token string, args resource.PropertyMap) (resource.PropertyMap, error) {
	if elsewhere := cl.config.region == listRegion; elsewhere != (token == productToken) {
		return nil, fmt.Errorf("invoking %s: the simulated AWS has the price list in %s alone, and everything else in %s", token, listRegion, cl.cloud.options.Region)
	}
	return cl.cloud.invoke(token, args)
}

// ignored reports whether a change lies at or below a path whose changes the program ignores.
func ignored(path string, paths []string) bool {
	return slices.ContainsFunc(paths, func(p string) bool {
		rest, below := strings.CutPrefix(path, p)
		if p == "tags" && top(path) == "tagsAll" || path == "tagsAll."+strings.TrimPrefix(p, "tags.") {
			return true
		}
		return below && (rest == "" || rest[0] == '.' || rest[0] == '[')
	})
}
