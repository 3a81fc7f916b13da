package awssim

// GetParameter reads a parameter with the permissions of the machine's instance profile.
func (m *Machine) GetParameter(name string) (string, error) {
	const operation = "GetParameter"
	m.cloud.mu.Lock()
	defer m.cloud.mu.Unlock()
	if err := m.mayUse(operation, name); err != nil {
		return "", err
	}
	p := m.cloud.parameters[name]
	if p == nil {
		return "", refuseSSM(operation, "ParameterNotFound", "parameter %s not found", name)
	}
	return p.value, nil
}

// PutParameter overwrites a parameter's value with the permissions of the machine's instance profile. The parameter
// must exist: software on a machine gives no type, and a parameter that it creates would outlive a destroy.
func (m *Machine) PutParameter(name, value string) error {
	const operation = "PutParameter"
	m.cloud.mu.Lock()
	defer m.cloud.mu.Unlock()
	if err := m.mayUse(operation, name); err != nil {
		return err
	}
	p := m.cloud.parameters[name]
	if p == nil {
		return refuseSSM(operation, "ValidationException", "A parameter type is required when you create a parameter. (%s does not exist)", name)
	}
	next, err := p.with(value)
	if err != nil {
		return err
	}
	*p = next
	return nil
}

// mayUse decides whether the machine may make an SSM call on a parameter.
func (m *Machine) mayUse(operation, name string) error {
	i, err := m.cloud.instanceNamed(operation, m.ID)
	if err != nil {
		return err
	}
	return m.cloud.authorize(i, "SSM", operation, request{action: "ssm:" + operation, resource: (&parameter{name: name}).arn(m.cloud)})
}
