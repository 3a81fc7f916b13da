package awssim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// typeOf finds a modeled type.
func typeOf(token string) (*resourceType, error) {
	if rt, ok := resourceTypes[token]; ok {
		return rt, nil
	}
	return nil, fmt.Errorf("resource type %q is not modeled by the simulated AWS; modeled are %s", token, strings.Join(slices.Sorted(maps.Keys(resourceTypes)), ", "))
}

// create makes a resource from checked inputs.
func (c *Cloud) create(rt *resourceType, name string, in values, defaultTags map[string]string) (*object, error) {
	if path := in.firstUnknown(); path != "" {
		return nil, fmt.Errorf("creating %s %q: property %q must be known outside of a preview", rt.title, name, path)
	}
	c.mu.Lock()
	defer c.unlock()
	t := &call{c: c, name: name, in: in, defaultTags: defaultTags, tags: mergeTags(defaultTags, in.textMap("tags"))}
	id, e, err := rt.create(t)
	if err != nil {
		return nil, fmt.Errorf("creating %s %q: %w", rt.title, name, err)
	}
	if c.objects[rt.token] == nil {
		c.objects[rt.token] = map[string]*object{}
	}
	c.counter++
	o := &object{kind: rt, id: id, name: name, number: c.counter, given: in.copy(), tags: t.tags, entity: e}
	c.objects[rt.token][id] = o
	return o, nil
}

// outputs are a resource's properties as the provider reads them now.
func (c *Cloud) outputs(o *object) values {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.outputsLocked(o)
}

func (c *Cloud) outputsLocked(o *object) values {
	out := o.given.copy()
	maps.Copy(out, o.entity.attributes(c).plain())
	out["id"] = o.id
	if o.kind.tagged {
		out["tagsAll"] = tagValues(o.tags)
	}
	return out
}

// find returns a resource that exists, or nil.
func (c *Cloud) find(rt *resourceType, id string) *object {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.objects[rt.token][id]
}

// change brings a resource to new checked inputs. Properties whose path is ignored keep the value they have in the state,
// which may be older than that in the cloud; without a state they keep that in the cloud.
func (c *Cloud) change(rt *resourceType, id string, state, in values, defaultTags map[string]string, ignored []string) (o *object, notes []string, err error) {
	if path := in.firstUnknown(); path != "" {
		return nil, nil, fmt.Errorf("updating %s %s: property %q must be known outside of a preview", rt.title, id, path)
	}
	c.mu.Lock()
	defer c.unlock()
	if o = c.objects[rt.token][id]; o == nil {
		return nil, nil, fmt.Errorf("updating %s %s: it does not exist; refresh the stack", rt.title, id)
	}
	was := c.outputsLocked(o)
	if state == nil {
		state = was
	}
	in = keepIgnored(in, state, ignored)
	t := &call{c: c, name: o.name, in: in, was: was, state: state, defaultTags: defaultTags, tags: mergeTags(defaultTags, in.textMap("tags"))}
	if err := rt.update(t, o.entity); err != nil {
		return nil, nil, fmt.Errorf("updating %s %s: %w", rt.title, id, err)
	}
	o.given, o.tags = in.copy(), t.tags
	return o, t.notes, nil
}

// keepIgnored puts the state's values in place of those that the program ignores changes of. Only whole properties
// and one level below (a tag, a field of a block) can be ignored; the engine takes care of the rest.
func keepIgnored(in, was values, ignored []string) values {
	out := in.copy()
	for _, path := range ignored {
		name, inner, nested := strings.Cut(path, ".")
		if !nested {
			if value, exists := was[name]; exists && out[name] != nil {
				out[name] = value
			}
			continue
		}
		now, before := out.block(name), was.block(name)
		if now == nil || before == nil {
			continue
		}
		now = now.copy()
		delete(now, inner)
		if value, exists := before[inner]; exists {
			now[inner] = value
		}
		out[name] = now
	}
	return out
}

// remove deletes a resource. One that is already gone is no error, as with the real provider, but for an attachment to an
// instance that was terminated out of band.
func (c *Cloud) remove(rt *resourceType, id string) error {
	c.mu.Lock()
	defer c.unlock()
	o := c.objects[rt.token][id]
	if o == nil {
		if i := c.stranded[id]; i != "" && rt.token == volumeAttachmentToken {
			return fmt.Errorf("deleting %s %s: %w", rt.title, id, refuseEC2("StopInstances", "IncorrectInstanceState",
				"This instance '%s' is not in a state from which it can be stopped.", i))
		}
		return nil
	}
	t := &call{c: c, name: o.name, in: o.given, was: c.outputsLocked(o), tags: o.tags}
	if err := rt.delete(t, o.entity); err != nil {
		return fmt.Errorf("deleting %s %s: %w", rt.title, id, err)
	}
	delete(c.objects[rt.token], id)
	return nil
}

// forget removes the resource of an entity that was deleted out of band.
func (c *Cloud) forget(token, id string) { delete(c.objects[token], id) }

// previewed are the outputs of a resource that does not exist yet: its inputs, and unknown values for computed ones.
func (rt *resourceType) previewed(in values, defaultTags map[string]string) values {
	out := in.copy()
	for name, p := range rt.inputs {
		if _, given := out[name]; !given && p.computed {
			out[name] = unknown{}
		}
	}
	for _, name := range rt.outputs {
		out[name] = unknown{}
	}
	if rt.tagged {
		out["tagsAll"] = previewTags(defaultTags, in)
	}
	return out
}

func previewTags(defaults map[string]string, in values) any {
	if in.isUnknown("tags") {
		return unknown{}
	}
	out := tagValues(defaults)
	maps.Copy(out, in.block("tags"))
	return out
}
