// SPDX-License-Identifier: AGPL-3.0-or-later
// larder: server and command line in one binary.
#include "cli/command.h"

int main(int argc, char **argv)
{
    return command_line_main(argc, argv);
}
