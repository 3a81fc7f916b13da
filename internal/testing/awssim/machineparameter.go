package awssim

import (
	"fmt"
	"strings"
)

// GetParameter reads a parameter with the permissions of the machine's instance profile.
func (m *Machine) GetParameter(name string) (string, error) {
	const operation = "GetParameter"
	m.cloud.mu.Lock()
	defer m.cloud.mu.Unlock()
	who, err := m.caller(operation)
	if err != nil {
		return "", err
	}
	return m.cloud.getParameterAs(who, name)
}

// getParameterAs reads a parameter and decrypts it, which needs the right to its key as well.
func (c *Cloud) getParameterAs(who *caller, name string) (string, error) {
	const operation = "GetParameter"
	if err := c.mayUseParameter(who, operation, name); err != nil {
		return "", err
	}
	p := c.parameters[name]
	if p == nil {
		return "", refuseSSM(operation, "ParameterNotFound", "parameter %s not found", name)
	}
	return p.value, c.parameterKey(who, operation, "kms:Decrypt", p)
}

// PutParameter overwrites a parameter's value with the permissions of the machine's instance profile. The parameter
// must exist: software on a machine gives no type, and a parameter that it creates would outlive a destroy. A SecureString gets
// the account's default key, whichever it had.
func (m *Machine) PutParameter(name, value string) error { return m.PutSecret(name, value, "") }

// PutSecret is PutParameter with a key of KMS, and makes the parameter a SecureString.
func (m *Machine) PutSecret(name, value, key string) error {
	const operation = "PutParameter"
	m.cloud.mu.Lock()
	defer m.cloud.mu.Unlock()
	who, err := m.caller(operation)
	if err != nil {
		return err
	}
	if err := m.cloud.mayUseParameter(who, operation, name); err != nil {
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
	switch {
	case key != "":
		next.kind, next.keyID = "SecureString", key
	case next.kind == "SecureString":
		next.keyID = defaultParameterKey
	}
	if err := m.cloud.parameterKey(who, operation, "kms:Encrypt", &next); err != nil {
		return err
	}
	next.writer = m.sessionARN()
	*p = next
	close(m.cloud.written)
	m.cloud.written = make(chan struct{})
	return nil
}

// ParameterWritten returns a channel that is closed when a machine next writes a parameter.
func (c *Cloud) ParameterWritten() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.written
}

// ParametersByPath reads the newest versions of all parameters below a path, by name, with the permissions of the machine's
// instance profile. SecureStrings stay encrypted.
func (m *Machine) ParametersByPath(path string) (map[string]ParameterVersion, error) {
	m.cloud.mu.Lock()
	defer m.cloud.mu.Unlock()
	if err := m.mayUse("GetParametersByPath", path); err != nil {
		return nil, err
	}
	found := map[string]ParameterVersion{}
	for name, p := range m.cloud.parameters {
		if rest, below := strings.CutPrefix(name, path+"/"); below && !strings.Contains(rest, "/") {
			version := ParameterVersion{Value: p.value, Version: p.version, LastModifiedUser: p.writer}
			if p.kind == "SecureString" {
				version.Value = "(encrypted)"
			}
			found[name] = version
		}
	}
	return found, nil
}

// ParameterVersion is one entry of a parameter's history.
type ParameterVersion struct {
	Value string
	// Version counts from 1.
	Version int
	// LastModifiedUser is the ARN of the principal that wrote the value.
	LastModifiedUser string
}

// ParameterHistory reads and decrypts the newest entry of a parameter's history with the permissions of the machine's instance profile. The
// simulated AWS keeps no older ones.
func (m *Machine) ParameterHistory(name string) (ParameterVersion, error) {
	const operation = "GetParameterHistory"
	m.cloud.mu.Lock()
	defer m.cloud.mu.Unlock()
	who, err := m.caller(operation)
	if err != nil {
		return ParameterVersion{}, err
	}
	if err := m.cloud.mayUseParameter(who, operation, name); err != nil {
		return ParameterVersion{}, err
	}
	p := m.cloud.parameters[name]
	if p == nil {
		return ParameterVersion{}, refuseSSM(operation, "ParameterNotFound", "parameter %s not found", name)
	}
	return ParameterVersion{Value: p.value, Version: p.version, LastModifiedUser: p.writer}, m.cloud.parameterKey(who, operation, "kms:Decrypt", p)
}

// parameterKey is a request of Systems Manager to KMS for a caller. The default key serves everyone of the account.
func (c *Cloud) parameterKey(who *caller, operation, action string, p *parameter) error {
	if p.kind != "SecureString" || p.keyID == defaultParameterKey {
		return nil
	}
	if err := c.useKey(who, p.keyID, "ssm", action, map[string]string{"kms:EncryptionContext:PARAMETER_ARN": p.arn(c)}); err != nil {
		return refuseSSM(operation, "AccessDeniedException", "%s", err)
	}
	return nil
}

// sessionARN is the principal of the machine's requests: EC2 names the role's session after the instance. The cloud must be
// locked, and the machine authorized.
func (m *Machine) sessionARN() string {
	return fmt.Sprintf("arn:aws:sts::%s:assumed-role/%s/%s", m.cloud.options.AccountID, m.cloud.profiles[m.InstanceProfile].role.name, m.ID)
}

// mayUse decides whether the machine may make an SSM call on a parameter.
func (m *Machine) mayUse(operation, name string) error {
	who, err := m.caller(operation)
	if err != nil {
		return err
	}
	return m.cloud.mayUseParameter(who, operation, name)
}

func (c *Cloud) mayUseParameter(who *caller, operation, name string) error {
	return c.authorize(who, "SSM", operation, request{action: "ssm:" + operation, resource: (&parameter{name: name}).arn(c)})
}
