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
	if isBase64(plain) { // the provider does not encode twice
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

// checkUserData finds errors of RunInstances early, in a preview.
func checkUserData(in values) []Problem {
	_, plain := in["userData"]
	_, encoded := in["userDataBase64"]
	if plain && encoded {
		return []Problem{{"userDataBase64", "must not be set together with userData"}}
	}
	property := "userData"
	if encoded {
		property = "userDataBase64"
	}
	raw, err := base64.StdEncoding.DecodeString(storedUserData(in))
	if err != nil {
		return []Problem{{property, "must be base64-encoded"}}
	}
	if len(raw) > userDataLimit {
		return []Problem{{property, refuseEC2("RunInstances", "InvalidParameterValue",
			"User data is limited to %d bytes; these are %d", userDataLimit, len(raw)).Error()}}
	}
	return nil
}
