package awssim

import (
	"crypto/sha1" // the Terraform provider keeps user data in its state by SHA-1
	"encoding/base64"
	"encoding/hex"
)

// userDataLimit is in bytes, before base64 (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html).
const userDataLimit = 16384

// storedUserData is the base64 text that EC2 keeps and hands to the instance.
func storedUserData(in values) string {
	if in.has("userDataBase64") {
		return in.text("userDataBase64")
	}
	plain := in.text("userData")
	if isBase64(plain) { // the provider passes on what is encoded already
		return plain
	}
	return base64.StdEncoding.EncodeToString([]byte(plain))
}

func isBase64(s string) bool {
	_, err := base64.StdEncoding.DecodeString(s)
	return err == nil
}

func hashUserData(s string) string {
	if decoded, err := base64.StdEncoding.DecodeString(s); err == nil && s != "" {
		s = string(decoded)
	}
	sum := sha1.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

// checkUserData refuses in a preview already what RunInstances would refuse.
func checkUserData(in values) []problem {
	_, plain := in["userData"]
	_, encoded := in["userDataBase64"]
	if plain && encoded {
		return []problem{{"userDataBase64", "conflicts with userData; give one of them"}}
	}
	property := "userData"
	if encoded {
		property = "userDataBase64"
	}
	raw, err := base64.StdEncoding.DecodeString(storedUserData(in))
	if err != nil {
		return []problem{{property, "must be base64-encoded"}}
	}
	if len(raw) > userDataLimit {
		return []problem{{property, refuseEC2("RunInstances", "InvalidParameterValue",
			"User data is limited to %d bytes; these are %d", userDataLimit, len(raw)).Error()}}
	}
	return nil
}
