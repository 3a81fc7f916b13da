package awssim

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// boots are the boots under way, by instance; done is closed when one ends.
type boots struct {
	underWay map[string]bootUnderWay
	// after are calls to make once the cloud is unlocked: hooks may use the cloud.
	after []func()
}

type bootUnderWay struct {
	name string
	done chan struct{}
}

// afterwards postpones a call until the current operation has ended.
func (c *Cloud) afterwards(f func()) { c.boots.after = append(c.boots.after, f) }

// unlock ends an operation and makes the calls it postponed.
func (c *Cloud) unlock() {
	after := c.boots.after
	c.boots.after = nil
	c.mu.Unlock()
	for _, f := range after {
		f()
	}
}

// boot runs the boot hook for a new instance as soon as its creation has ended.
func (c *Cloud) boot(i *instance) {
	if c.options.Boot != nil {
		c.run(i, c.options.Boot)
	}
}

// run calls the hook of a boot once the cloud is unlocked.
func (c *Cloud) run(i *instance, hook func(context.Context, *Machine)) {
	m, running, done := c.machine(i), i.running, make(chan struct{})
	if c.boots.underWay == nil {
		c.boots.underWay = map[string]bootUnderWay{}
	}
	c.boots.underWay[i.id] = bootUnderWay{name: m.Name, done: done}
	c.afterwards(func() {
		go func() {
			defer func() {
				c.mu.Lock()
				delete(c.boots.underWay, m.ID)
				c.mu.Unlock()
				close(done)
			}()
			hook(running, m)
		}()
	})
}

// WaitBoots waits until no boot is under way.
func (c *Cloud) WaitBoots(ctx context.Context) error {
	for {
		done := c.anyBoot()
		if done == nil {
			return nil
		}
		select {
		case <-done:
		case <-ctx.Done():
			return fmt.Errorf("still booting are %s: %w", strings.Join(c.booting(), ", "), ctx.Err())
		}
	}
}

func (c *Cloud) anyBoot() chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, b := range c.boots.underWay {
		return b.done
	}
	return nil
}

func (c *Cloud) booting() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	names := map[string]bool{}
	for _, b := range c.boots.underWay {
		names[b.name] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// Close ends all boots and waits for them; a boot hook must respect its context.
func (c *Cloud) Close() {
	c.cancel()
	_ = c.WaitBoots(context.Background()) // without a deadline it cannot fail
}
