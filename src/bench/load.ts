/** Loads the recording that is named and prints nothing: what every report costs before it has a line to print. */
import { select } from '../profile/selection/selection.js';
import { loadProfile } from '../session/open.js';

select(loadProfile(process.argv[2]), {});
