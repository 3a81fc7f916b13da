package awssim

// Parameter is a parameter's value, as one who may read everything sees it.
func (c *Cloud) Parameter(name string) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.parameters[name]
	if p == nil {
		return "", refuseSSM("GetParameter", "ParameterNotFound", "parameter %s not found", name)
	}
	return p.value, nil
}
