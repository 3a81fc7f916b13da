package awssim

// PutObject stores an object with the permissions of the machine's instance profile.
func (m *Machine) PutObject(bucketName, key string, content []byte) error {
	m.cloud.mu.Lock()
	defer m.cloud.mu.Unlock()
	who, err := m.caller("PutObject")
	if err != nil {
		return err
	}
	return m.cloud.putObjectAs(who, bucketName, key, content)
}

// GetObject reads an object with the permissions of the machine's instance profile.
func (m *Machine) GetObject(bucketName, key string) ([]byte, error) {
	m.cloud.mu.Lock()
	defer m.cloud.mu.Unlock()
	who, err := m.caller("GetObject")
	if err != nil {
		return nil, err
	}
	return m.cloud.getObjectAs(who, bucketName, key)
}

// ListObjects are the keys that begin with the prefix, in order, as the machine's instance profile may see them.
func (m *Machine) ListObjects(bucketName, prefix string) ([]string, error) {
	m.cloud.mu.Lock()
	defer m.cloud.mu.Unlock()
	who, err := m.caller("ListObjectsV2")
	if err != nil {
		return nil, err
	}
	return m.cloud.listObjectsAs(who, bucketName, prefix)
}

// caller is who the machine's software is in AWS now. The cloud must be locked.
func (m *Machine) caller(operation string) (*caller, error) {
	i, err := m.cloud.instanceNamed(operation, m.ID)
	if err != nil {
		return nil, err
	}
	return m.cloud.callerOf(i)
}
