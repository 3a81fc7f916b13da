package awssim

import "maps"

// program is whoever runs the program: a role that was assumed, else a user with all rights that IAM can give. The cloud must be
// locked.
func (c *Cloud) program() *caller {
	if c.assumed != nil {
		return c.assumed
	}
	arn := c.globalARN("iam", "user/simulated")
	all := &policy{Statement: []statement{{Effect: "Allow", Action: []string{"*"}, Resource: []string{"*"}}}}
	who := &caller{arn: arn, session: arn, policies: []*policy{all}, context: c.requestContext()}
	maps.Copy(who.context, map[string]string{"aws:principalaccount": c.options.AccountID, "aws:principalarn": arn})
	return who
}

// Assume makes a session of a role, with one policy as JSON, the caller of the program's lookups. Other requests of the program
// are not limited by it: a preview has none. Leave ends the session.
func (c *Cloud) Assume(name, text string) error {
	has, err := parseIdentityPolicy(text)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.assumed = c.sessionOf(&role{name: name, path: "/", inline: map[string]inlinePolicy{name: {policy: has}}}, "rehearsal")
	return nil
}

// Leave ends the session of an assumed role.
func (c *Cloud) Leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.assumed = nil
}
