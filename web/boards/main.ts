// The rankings page, for associations and big screens. Its screens mount here.
import '../shared/tokens.css'
