package awssim

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"strings"
)

// newID generates an identifier like EC2's: a prefix and 17 hexadecimal digits, the first of them 0. It depends on the
// seed, the resource's logical name and how often that name was used, so parallel creation cannot change it.
func (c *Cloud) newID(prefix, name string) string {
	return prefix + "-0" + c.digits(prefix, name, 16)
}

// digits gives n hexadecimal digits that no other call gives.
func (c *Cloud) digits(purpose, name string, n int) string {
	key := purpose + "/" + name
	c.minted[key]++
	sum := sha256.Sum256(fmt.Appendf(nil, "%d/%s/%d", c.options.Seed, key, c.minted[key]))
	return hex.EncodeToString(sum[:])[:n]
}

// uuid gives an identifier in the form of a UUID.
func (c *Cloud) uuid(purpose, name string) string {
	digits := c.digits(purpose, name, 32)
	return strings.Join([]string{digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]}, "-")
}

// hashcode is the number that the Terraform provider derives identifiers of routes and volume attachments from:
// the CRC-32 of the text, which is never negative here.
func hashcode(s string) uint32 { return crc32.ChecksumIEEE([]byte(s)) }

// spread picks a number below n from a name.
func spread(name string, n int) int {
	if n <= 0 {
		return 0
	}
	sum := sha256.Sum256([]byte(name))
	return (int(sum[0])<<16 | int(sum[1])<<8 | int(sum[2])) % n
}
