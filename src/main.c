// SPDX-License-Identifier: AGPL-3.0-or-later
// larder: server and command line in one binary.
int main(void)
{
    return 0;
}
